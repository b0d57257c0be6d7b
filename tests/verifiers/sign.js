// Signs requests with the libraries that senders publish, which NODE_PATH leads to. Reads one {"sender", "secret", "id", "seconds", "origin",
// "path", "body"} on each line of stdin; prints for each {"path", "contentType", "headers", "body"} on a line of its own.

const path = require("path");
const { pathToFileURL } = require("url");

// It is a module, which NODE_PATH does not lead to.
const octokit = pathToFileURL(path.join(process.env.NODE_PATH, "@octokit/webhooks-methods/dist-node/index.js"));

const JSON_TYPE = "application/json";
const FORM_TYPE = "application/x-www-form-urlencoded";

const SENDERS = {
  async github({ secret, id, body }) {
    const { sign } = await import(octokit);
    return { headers: { "X-Hub-Signature-256": await sign(secret, body), "X-GitHub-Delivery": id } };
  },

  async "github-form"(request) {
    const body = new URLSearchParams({ payload: request.body }).toString();
    return { ...(await SENDERS.github({ ...request, body })), contentType: FORM_TYPE, body };
  },

  stripe({ secret, seconds, body }) {
    const { webhooks } = require("stripe");
    const signature = webhooks.generateTestHeaderString({ payload: body, secret, timestamp: seconds });
    return { headers: { "Stripe-Signature": signature } };
  },

  svix({ secret, id, seconds, body }) {
    const signature = new (require("svix").Webhook)(secret).sign(id, new Date(seconds * 1000), body);
    return { headers: { "svix-id": id, "svix-timestamp": `${seconds}`, "svix-signature": signature } };
  },

  "standard-webhooks"({ secret, id, seconds, body }) {
    const signature = new (require("standardwebhooks").Webhook)(secret).sign(id, new Date(seconds * 1000), body);
    return { headers: { "webhook-id": id, "webhook-timestamp": `${seconds}`, "webhook-signature": signature } };
  },

  // The members of the body are the parameters; several values make a list.
  "twilio-form"({ secret, id, origin, path, body }) {
    const { getExpectedTwilioSignature } = require("twilio/lib/webhooks/webhooks");
    const parameters = JSON.parse(body);
    const pairs = Object.entries(parameters).flatMap(([name, value]) => [value].flat().map((one) => [name, one]));
    const signature = getExpectedTwilioSignature(secret, origin + path, parameters);
    const headers = { "X-Twilio-Signature": signature, "I-Twilio-Idempotency-Token": id };
    return { contentType: FORM_TYPE, headers, body: new URLSearchParams(pairs).toString() };
  },

  "twilio-json"({ secret, id, origin, path, body }) {
    const { getExpectedBodyHash, getExpectedTwilioSignature } = require("twilio/lib/webhooks/webhooks");
    const hashed = `${path}?bodySHA256=${getExpectedBodyHash(body)}`;
    const signature = getExpectedTwilioSignature(secret, origin + hashed, {});
    return { path: hashed, headers: { "X-Twilio-Signature": signature, "I-Twilio-Idempotency-Token": id } };
  },
};

async function main() {
  const lines = require("fs").readFileSync(0, "utf8").split("\n").filter(Boolean);
  for (const request of lines.map((line) => JSON.parse(line))) {
    const { path, body } = request;
    const signed = await SENDERS[request.sender](request);
    console.log(JSON.stringify({ path, contentType: JSON_TYPE, body, ...signed }));
  }
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 2;
});
