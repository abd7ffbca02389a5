// @parse/node-apn, pointed at another address: reads one question as JSON, writes its verdict as JSON.

const { readFileSync } = require("node:fs");
const { createRequire } = require("node:module");

const apn = createRequire(`${process.cwd()}/`)("@parse/node-apn");
const asked = JSON.parse(readFileSync(0, "utf8"));

const provider = new apn.Provider({
  token: { key: Buffer.from(asked.key), keyId: asked.key_id, teamId: asked.team_id },
  address: new URL(asked.url).host,
  port: Number(new URL(asked.url).port),
  ca: readFileSync(asked.ca),
  production: true,
});

async function send() {
  const verdicts = [];
  for (const each of asked.notices) {
    const notice = new apn.Notification({ alert: each.alert, topic: asked.topic });
    notice.id = each.id;
    notice.collapseId = each.collapse;
    const { sent, failed } = await provider.send(notice, each.token);
    verdicts.push(
      sent.length === 1
        ? { status: 200, reason: null }
        : {
            status: failed[0].status ?? null,
            reason: failed[0].response?.reason ?? String(failed[0].error),
            timestamp: failed[0].response?.timestamp ?? null,
          },
    );
  }
  return verdicts;
}

send().then((verdicts) => process.stdout.write(JSON.stringify(verdicts), () => process.exit(0)));
