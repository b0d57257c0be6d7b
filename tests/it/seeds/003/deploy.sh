# CI/CD 部署通知
curl -X POST http://openclaw.example.com/webhooks/inbound/deploy \
-H "Content-Type: application/json" \
-d '{
"repo": "my-app",
"branch": "main",
"status": "成功",
"commit": "abc123"
}'
