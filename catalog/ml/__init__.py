"""Machine learning without a web framework: nothing in here imports Django or Celery.

Only ``encoder``, ``hashing`` and the training of the bundled model import torch.
"""
