# 查看最近的Webhook事件
openclaw webhooks list --recent 20
# 查看失败的Webhook
openclaw webhooks list --status failed
