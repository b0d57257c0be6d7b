curl -X POST https://your-gateway.example.com/taskflow/deploy \
-H "Content-Type: application/json" \
-H "X-OpenClaw-Token: your-secret-token" \
-d '{"branch": "main", "commit": "abc123"}'
