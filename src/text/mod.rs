//! Is it safe to show? Text from outside, widths, ages in words.
