"""What files of one format hold, and how damage in them shows: helpers of the kinds of files."""
