// node-easywechat, pointed at another address: reads one question as JSON, writes its verdict as JSON.

const { readFileSync } = require("node:fs");
const { createRequire } = require("node:module");

const { MiniApp } = createRequire(`${process.cwd()}/`)("node-easywechat");
const asked = JSON.parse(readFileSync(0, "utf8"));

/** The library caches tokens in files; a judge remembers nothing. */
const forgets = { get: async () => null, set: async () => true, has: async () => false, delete: async () => true };

const app = new MiniApp({
  app_id: asked.appid,
  secret: asked.secret,
  use_stable_access_token: asked.stable ?? true,
  http: { baseURL: `${asked.url}/`, throw: false },
});
app.setCache(forgets);

const verdicts = {
  log_in: () => app.getUtils().codeToSession(asked.code),
  token: () => app.getAccessToken().getToken(),
  phone: async () => {
    const json = { code: asked.code, openid: asked.openid };
    return (await app.getClient().postJson("/wxa/business/getuserphonenumber", json)).toObject();
  },
  decrypt: async () => app.getUtils().decryptSession(asked.session_key, asked.iv, asked.encryptedData),
};

verdicts[asked.do]().then(
  (verdict) => process.stdout.write(JSON.stringify(verdict)),
  (error) => process.stdout.write(JSON.stringify({ refused: String(error.message) })),
);
