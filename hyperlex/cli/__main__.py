"""`python -m hyperlex.cli`, where the `hyperlex` command is not on the path."""

from hyperlex.cli.app import main

if __name__ == "__main__":
    main()
