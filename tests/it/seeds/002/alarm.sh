#!/bin/bash
# 告警处理脚本
ALERT_MSG="$1"

curl -X POST https://your-gateway/hooks/agent \
  -H "Authorization: Bearer your-secret-token" \
  -H "Content-Type: application/json" \
  -d "{
    \"agent\": \"alert-handler\",
    \"message\": \"收到告警：${ALERT_MSG}，请分析原因并给出处理建议\"
  }"
