/**
 * Photos from the phone's camera, made small enough to send: at most 2560 px on the long side, JPEG. A picture that the
 * browser cannot draw is sent as it is; the server judges it.
 */
const LONG_SIDE_PX = 2560
const KEEP_BYTES = 3_000_000

export async function shrinkPhoto(file: Blob): Promise<Blob> {
  if (file.type === 'image/jpeg' && file.size <= KEEP_BYTES) return file
  try {
    const bitmap = await createImageBitmap(file, { imageOrientation: 'from-image' })
    const scale = Math.min(1, LONG_SIDE_PX / Math.max(bitmap.width, bitmap.height))
    const canvas = document.createElement('canvas')
    canvas.width = Math.round(bitmap.width * scale)
    canvas.height = Math.round(bitmap.height * scale)
    canvas.getContext('2d')?.drawImage(bitmap, 0, 0, canvas.width, canvas.height)
    bitmap.close()
    return await new Promise((resolve) => canvas.toBlob((blob) => resolve(blob ?? file), 'image/jpeg', 0.9))
  } catch {
    return file
  }
}
