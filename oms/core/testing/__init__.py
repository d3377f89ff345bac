"""What tests of concurrency and statements share."""
