curl -X POST https://your-gateway/hooks/agent \
  -H "Authorization: Bearer your-secret-token" \
  -H "Content-Type: application/json" \
  -d '{
    "agent": "my-agent",
    "message": "请检查服务器状态并生成报告",
    "sessionKey": "optional-custom-session"
  }'
