"""Who may do what: the rules, their versions, and the engine that decides by them."""
