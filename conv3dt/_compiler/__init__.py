"""From words to machine code: IR, translation of drivers, where code is kept, the processor."""
