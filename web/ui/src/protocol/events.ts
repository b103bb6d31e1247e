/** What the server says on the socket, as the pages use it (the generated types are in `messages.ts`). */
import type { Entry } from './entries'

export interface Participant {
  id: string
  name: string
  role: string
  unit: string
  badge: string
  present: boolean
  muted: boolean
}

export interface JoinResult {
  participant_id: string
  session: Record<string, unknown>
  participants: Participant[]
  entries: Entry[]
  last_seq: number
  ice_servers: RTCIceServer[]
  recording: boolean
  /** This participant's connections that the relay still holds. */
  peer_ids?: string[]
}

export interface ServerEvents {
  entry: { entry: Entry }
  participants: { participants: Participant[] }
  'session:state': { state: 'waiting' | 'live' | 'ended'; recording: boolean; cause?: string | null }
  'detail:set': { on: boolean }
  'peer:closed': { peer_id: string; cause: string }
  'session:problem': { code: string; message: string }
}

export interface PeerAnswer {
  peer_id: string
  sdp: string
}
