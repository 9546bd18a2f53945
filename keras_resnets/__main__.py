"""`python -m keras_resnets` and the console script `keras-resnets`."""

from keras_resnets.cli import main

if __name__ == "__main__":
    main()
