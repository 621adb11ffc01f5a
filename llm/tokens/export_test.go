package tokens

// CountBlocks is CountReader with small blocks, for tests that would be slow with large ones.
var CountBlocks = (*Encoding).countBlocks
