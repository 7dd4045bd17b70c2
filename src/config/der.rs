//! As much of DER as a certificate needs: one element's tag, header and content.

/// One element: its tag, its content, and what follows it. `None` when the bytes do not hold it.
pub(super) fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, mut rest) = rest.split_first()?;
    let mut length = usize::from(first);
    if first >= 0x80 {
        let count = usize::from(first & 0x7f);
        if count == 0 || count > 4 {
            return None;
        }
        let (size, tail) = rest.split_at_checked(count)?;
        length = size
            .iter()
            .fold(0, |sum, byte| (sum << 8) | usize::from(*byte));
        rest = tail;
    }
    let (content, after) = rest.split_at_checked(length)?;
    Some((tag, content, after))
}

/// A SEQUENCE around a content.
pub(super) fn sequence(content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut bytes = vec![0x30];
    if length < 0x80 {
        bytes.extend(u8::try_from(length));
    } else {
        let size: Vec<u8> = length
            .to_be_bytes()
            .into_iter()
            .skip_while(|byte| *byte == 0)
            .collect();
        bytes.extend(u8::try_from(size.len()).map(|count| 0x80 | count));
        bytes.extend(size);
    }
    bytes.extend_from_slice(content);
    bytes
}

/// Whether a certificate is X.509 v1: its first element is the serial number, with no version
/// before it (RFC 5280 section 4.1). `None` when it is no certificate.
pub(super) fn is_version_one(certificate: &[u8]) -> Option<bool> {
    let (0x30, signed, _) = element(certificate)? else {
        return None;
    };
    let (0x30, body, _) = element(signed)? else {
        return None;
    };
    let (tag, _, _) = element(body)?;
    Some(tag != 0xa0)
}

#[cfg(test)]
mod tests {
    use super::element;
    use super::sequence;

    #[test]
    fn a_sequence_of_any_length_reads_back() {
        for length in [0, 1, 127, 128, 255, 256, 65_535, 65_536] {
            let content = vec![7; length];
            let bytes = sequence(&content);
            assert_eq!(element(&bytes), Some((0x30, content.as_slice(), &[][..])));
            assert_eq!(element(&bytes[..bytes.len().saturating_sub(1)]), None);
        }
    }

    #[test]
    fn hostile_lengths_are_refused() {
        for bytes in [
            &[][..],
            &[0x30],
            &[0x30, 0x80],
            &[0x30, 0x85, 1, 1, 1, 1, 1],
        ] {
            assert_eq!(element(bytes), None);
        }
    }
}
