"""The gradient of depthwise filters: channels in the lanes, no two of them meet."""
