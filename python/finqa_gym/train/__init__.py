"""Training: batched rollouts, GRPO and SFT on top of TRL.

Needs ``pip install "finqa-gym[train]"``.
"""
