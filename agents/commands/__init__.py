"""The commands, one module each; they print answers and leave work to the modules beside this package."""
