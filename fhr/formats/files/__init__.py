"""Files of bounded size: opened safely, written whole or not at all."""
