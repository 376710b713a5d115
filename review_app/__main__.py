"""`python -m review_app` is the `review-app` command."""

from review_app.cli import main

if __name__ == "__main__":
    main()
