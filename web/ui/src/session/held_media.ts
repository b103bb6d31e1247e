/**
 * Camera and microphone between two pages: the check page opens them, the call page takes them over, so that nobody is
 * asked twice. Held tracks that nobody takes are ended.
 */
import type { Facing } from '@/rtc/camera'

export interface HeldMedia {
  tracks: MediaStreamTrack[]
  facing: Facing
}

let held: HeldMedia | null = null

export function holdMedia(media: HeldMedia): void {
  dropMedia()
  held = media
}

/** What was held, once. */
export function takeMedia(): HeldMedia | null {
  const taken = held
  held = null
  return taken
}

export function dropMedia(): void {
  held?.tracks.forEach((track) => track.stop())
  held = null
}
