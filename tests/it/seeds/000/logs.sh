openclaw logs --filter webhook --follow
