//! finqa-python
