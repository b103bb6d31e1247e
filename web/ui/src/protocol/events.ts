/** The socket's generated messages, with entries as `Entry` and ICE servers as the browser wants them. */
import type { Entry } from './entries'
import type { Joined, PeerDescription, ServerEvents as Generated } from './messages'

export type { ClientEvents, ParticipantView as Participant } from './messages'
export type PeerAnswer = PeerDescription

export type JoinResult = Omit<Joined, 'entries' | 'ice_servers' | 'peer_ids'> & {
  entries: Entry[]
  ice_servers: RTCIceServer[]
  /** This participant's connections that the relay still holds. */
  peer_ids?: string[]
}

export type ServerEvents = Omit<Generated, 'entry' | 'ice:servers'> & {
  entry: { entry: Entry }
  'ice:servers': { ice_servers: RTCIceServer[] }
}
