# Tailscale
openclaw gateway --tailscale
# Cloudflare Tunnel
cloudflared tunnel --url http://localhost:18790
