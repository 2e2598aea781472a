"""Views by strides."""

from memarray._rearranging import as_strided, broadcast_arrays, broadcast_to, sliding_window_view

__all__ = ["as_strided", "broadcast_arrays", "broadcast_to", "sliding_window_view"]
