//! Pixels to PNG bytes in memory: plotters writes PNG only to a path.

use std::io::{self, Write};

use flate2::{Compression, Crc, write::ZlibEncoder};

const SIGNATURE: [u8; 8] = [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n'];
/// 8 bits a channel, colour type 2 (RGB), deflate, adaptive filters, no interlace.
const RGB8: [u8; 5] = [8, 2, 0, 0, 0];
/// Filter 1 of the PNG specification (W3C, 3rd ed., §9.2): difference to the
/// pixel on the left. Flat areas become zeros.
const SUB: u8 = 1;

/// A PNG file of `width` x `height` RGB pixels, rows from the top.
pub(super) fn encode(rgb: &[u8], width: u32, height: u32) -> io::Result<Vec<u8>> {
    let mut scanlines = ZlibEncoder::new(Vec::new(), Compression::default());
    for row in rgb.chunks_exact(width as usize * 3) {
        let mut line = Vec::with_capacity(row.len() + 1);
        line.push(SUB);
        line.extend(
            row.iter().enumerate().map(|(i, &byte)| byte.wrapping_sub(if i < 3 { 0 } else { row[i - 3] })),
        );
        scanlines.write_all(&line)?;
    }
    let mut header = Vec::with_capacity(13);
    header.extend(width.to_be_bytes());
    header.extend(height.to_be_bytes());
    header.extend(RGB8);

    let mut file = SIGNATURE.to_vec();
    chunk(&mut file, *b"IHDR", &header)?;
    chunk(&mut file, *b"IDAT", &scanlines.finish()?)?;
    chunk(&mut file, *b"IEND", &[])?;
    Ok(file)
}

fn chunk(file: &mut Vec<u8>, kind: [u8; 4], data: &[u8]) -> io::Result<()> {
    let length = u32::try_from(data.len()).map_err(io::Error::other)?;
    let mut crc = Crc::new();
    crc.update(&kind);
    crc.update(data);
    file.extend(length.to_be_bytes());
    file.extend(kind);
    file.extend(data);
    file.extend(crc.sum().to_be_bytes());
    Ok(())
}

/// Averages blocks of `factor` x `factor` RGB pixels of an image `width` wide.
pub(super) fn average(rgb: &[u8], width: usize, factor: usize) -> Vec<u8> {
    let (row, small) = (width * 3, width / factor);
    let mut out = Vec::with_capacity(rgb.len() / (factor * factor));
    for block in rgb.chunks_exact(row * factor) {
        for x in 0..small {
            for channel in 0..3 {
                let mut sum = 0_usize;
                for dy in 0..factor {
                    for dx in 0..factor {
                        sum += usize::from(block[dy * row + (x * factor + dx) * 3 + channel]);
                    }
                }
                out.push((sum / (factor * factor)) as u8);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn the_pixels_come_back() {
        let pixels: Vec<u8> = (0..4 * 3 * 3).map(|i| (i * 7) as u8).collect();
        let file = encode(&pixels, 4, 3).unwrap();
        assert_eq!(&file[..8], &SIGNATURE);
        assert_eq!(&file[12..16], b"IHDR");
        let idat = file.windows(4).position(|w| w == b"IDAT").unwrap();
        let mut lines = Vec::new();
        flate2::read::ZlibDecoder::new(&file[idat + 4..]).read_to_end(&mut lines).unwrap();
        let mut back = Vec::new();
        for line in lines.chunks(13) {
            assert_eq!(line[0], SUB);
            let mut row = line[1..].to_vec();
            for i in 3..row.len() {
                row[i] = row[i].wrapping_add(row[i - 3]);
            }
            back.extend(row);
        }
        assert_eq!(back, pixels);
    }

    #[test]
    fn blocks_are_averaged() {
        // Two by two pixels to one.
        let pixels = [0, 0, 0, 255, 0, 10, 255, 0, 20, 0, 0, 30];
        assert_eq!(average(&pixels, 2, 2), vec![127, 0, 15]);
    }
}
