# 模拟 webhook 触发
curl -X POST http://localhost:18790/taskflow/deploy \
-H "X-OpenClaw-Token: test-token" \
-d '{"test": true}'
