//! The config that a new installation starts with: one route, every section shown, each with the reason to touch it.

/// A commented JSON5 config with the route `hello`, whose secret is `secret`.
pub fn starter(secret: &str) -> String {
    // A dollar sign before a brace would be read as a variable; JSON's escapes are JSON5's.
    let secret = serde_json::Value::from(secret.replace("${", "$${")).to_string();
    TEMPLATE.replace("\"<secret>\"", &secret)
}

const TEMPLATE: &str = r#"// The config of sandclaw. Unknown keys, wrong types and impossible values are refused, all of them at once, with
// their lines. `${NAME}` in a string is the environment variable NAME; `$${NAME}` is the text itself.
{
  gateway: {
    // Reachable from this machine only. Put a proxy that does TLS in front before you open it to others.
    listen: "127.0.0.1:18789",
    // Proxies whose X-Forwarded-For is believed; without them every client behind a proxy shares one rate limit.
    // trustedProxies: ["10.0.0.0/8"],
  },

  // Flows, tasks and the outbox; relative to this file. Back up this folder.
  stateDir: "state",

  // Secrets that do not stand in this file. A route then says: secret: { source: "file", provider: "keys", id: "/hello" }
  // secrets: {
  //   providers: {
  //     keys: { source: "file", path: "/etc/sandclaw/keys.json" }, // owned by the user of the gateway, mode 0600
  //     vault: { source: "exec", command: "/usr/local/bin/read-vault", passEnv: ["VAULT_TOKEN"] },
  //   },
  // },

  // What one client and one run may use; each can also stand in a route. These are the defaults.
  // limits: { rateRequests: 120, rateWindowMs: 60000, inFlight: 8, bodyKiB: 256, deadlineMs: 5000, cpuMs: 1000, memoryMiB: 64 },

  // Events out: who is told of what. Everything that happens to flows and tasks is an event; a Gateway hands in its own by
  // POST /events with `Authorization: Bearer <the secret>`.
  // webhooks: {
  //   ingest: { path: "/events", secret: "${INGEST_SECRET}" },
  //   endpoints: [
  //     { name: "audit", url: "https://audit.example.com/hook", secret: "${AUDIT_SECRET}", events: ["flow.*", "message.*"] },
  //   ],
  // },

  plugins: {
    // Components lie here; relative to this file.
    dir: "plugins",
    entries: {
      webhooks: {
        enabled: true,
        config: {
          routes: {
            // POST /plugins/webhooks/hello with `Authorization: Bearer <the secret>`.
            hello: {
              // The session whose flows this route sees and changes; no request can name another.
              sessionKey: "agent:main:main",
              secret: "<secret>",
              description: "The 13 TaskFlow actions, by the built-in component",
            },

            // A component of your own, with nothing but what is granted here.
            // zapier: {
            //   sessionKey: "agent:main:zapier",
            //   secret: "${ZAPIER_SECRET}",
            //   plugin: "zapier.wasm",
            //   grants: ["flow/create", "flow/read/get-flow"],
            // },
          },
        },
      },
    },
  },
}
"#;
