openclaw tasks flow list
openclaw tasks flow show <flow-id>
