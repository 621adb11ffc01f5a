package provider

// LearnFrom is the piece of text from which on a dialect learns the shapes of
// its frames. Learning one costs as much as matching saves on five frames, so
// that it is no use for answers that are shorter.
const LearnFrom = 6
