// apns2, pointed at another address: reads one question as JSON, writes its verdict as JSON.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(`${process.cwd()}/`);
const { ApnsClient, Notification } = await import(
  pathToFileURL(`${process.cwd()}/node_modules/apns2/dist/esm/index.js`).href
);
const { Pool } = require("undici");
const asked = JSON.parse(readFileSync(0, "utf8"));

const client = new ApnsClient({
  team: asked.team_id,
  keyId: asked.key_id,
  signingKey: asked.key,
  defaultTopic: asked.topic,
});
await client.client.close();
// The library knows one port; the pool is otherwise its own.
client.client = new Pool(asked.url, { connections: 1, allowH2: true, maxConcurrentStreams: 100 });

const verdicts = [];
for (const each of asked.notices) {
  const notice = new Notification(each.token, { alert: each.alert, collapseId: each.collapse });
  try {
    await client.send(notice);
    verdicts.push({ status: 200, reason: null });
  } catch (error) {
    verdicts.push({ status: error.statusCode, reason: error.reason, timestamp: error.response?.timestamp ?? null });
  }
}
await client.destroy();
process.stdout.write(JSON.stringify(verdicts), () => process.exit(0));
