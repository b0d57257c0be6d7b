curl -X POST https://your-gateway/hooks/agent \
  -H "Authorization: Bearer your-secret-token" \
  -H "Content-Type: application/json" \
  -d '{
    "agent": "my-agent",
    "message": "处理订单 #12345",
    "sessionKey": "order-12345-session"
  }'
