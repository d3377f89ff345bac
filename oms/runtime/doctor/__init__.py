"""What is wrong and how to mend it: carriers first, then devices and services, then logs."""
