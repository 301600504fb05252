"""Small things put in front of any app: `ask(exchange)` may answer early, `answer(...)` may change what goes out."""
