"""What is published beside the notebook as it stands here, or with literals laid over it: it imports nothing but the
standard library and boto3, and windvane itself where a run has no service."""
