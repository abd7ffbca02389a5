// Alipay's own SDK for Node, pointed at another address: one question as JSON in, its verdict out.

const { createRequire } = require("node:module");
const { join } = require("node:path");
const { readFileSync } = require("node:fs");

const there = createRequire(join(process.cwd(), "package.json"));
const { AlipaySdk } = there("alipay-sdk");
const util = require(join(process.cwd(), "node_modules/alipay-sdk/dist/commonjs/util.js"));

async function answer(asked) {
  const certificates = {
    appCertContent: asked.app_certificate,
    alipayPublicCertContent: asked.alipay_certificate,
    alipayRootCertContent: asked.roots,
  };
  const sdk = new AlipaySdk({
    appId: asked.appid,
    privateKey: asked.private,
    keyType: "PKCS8",
    ...(asked.certificates ? certificates : { alipayPublicKey: asked.public }),
    encryptKey: asked.aes,
    gateway: `${asked.url}/gateway.do`,
    endpoint: asked.url,
    camelcase: false,
  });
  const validateSign = asked.validate !== false;
  const code = { grant_type: "authorization_code", code: asked.code };
  const begin = {
    outer_order_no: "0123456789abcdef0123456789abcdef",
    biz_code: "FACE",
    identity_param: { identity_type: "CERT_INFO", cert_type: "IDENTITY_CARD", cert_name: "林晓月", cert_no: asked.number },
    merchant_config: { return_url: asked.url },
  };
  switch (asked.do) {
    case "sign":
      return util.signatureV3(asked.text, sdk.config.privateKey);
    case "seal":
      return util.aesEncrypt(asked.plain, asked.aes);
    case "open":
      return util.aesDecrypt(asked.sealed, asked.aes);
    case "serials":
      return [sdk.config.appCertSn, sdk.config.alipayRootCertSn];
    case "log_in":
      return await sdk.exec("alipay.system.oauth.token", code, { validateSign });
    case "share":
      return await sdk.exec("alipay.user.info.share", { auth_token: asked.token }, { validateSign });
    case "begin_sealed":
      // With needEncrypt it looks for a brace where the ciphertext is, and so cannot validate.
      return await sdk.exec("alipay.user.certify.open.initialize", { bizContent: begin, needEncrypt: true });
    case "page":
      return sdk.pageExecute("alipay.user.certify.open.certify", "GET", { bizContent: { certify_id: asked.check } });
    case "v3_log_in":
      return (await sdk.curl("POST", "/v3/alipay/system/oauth/token", { body: code, needEncrypt: asked.sealed })).data;
    case "v3_share":
      return (await sdk.curl("POST", "/v3/alipay/user/info/share", { query: { auth_token: asked.token } })).data;
    case "v3_query":
      return (await sdk.curl("GET", "/v3/alipay/user/certify/open/query", { query: { certify_id: asked.check } })).data;
  }
  throw new Error(asked.do);
}

answer(JSON.parse(readFileSync(0, "utf8")))
  .catch((error) => ({ refused: String(error.message), code: error.code ?? null, links: error.links ?? null }))
  .then((said) => process.stdout.write(JSON.stringify(said)));
