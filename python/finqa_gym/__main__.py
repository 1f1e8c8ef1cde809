"""``python -m finqa_gym``: the command line."""

from finqa_gym.cli import main

if __name__ == "__main__":
    main()
