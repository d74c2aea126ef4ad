"""`python -m hyperlex`: the `hyperlex` command."""

from hyperlex.cli.app import main

if __name__ == "__main__":
    main()
