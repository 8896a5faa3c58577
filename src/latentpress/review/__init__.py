"""What reviewers and graders do with finished reports: verify one, compare two, grade many."""
