openclaw gateway start
