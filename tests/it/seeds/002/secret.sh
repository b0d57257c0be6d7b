openssl rand -hex 32
