"""How an environment is: one question a file beside this, asked side by side, each with a time limit."""
