# 启动本地代理
ngrok http 8080
# 将生成的URL配置为Webhook目标
# https://xxxx.ngrok.io/openclaw/events
