/** Lets the server measure how far this phone's clock is off: its time, sent again as soon as each answer is there. */
import type { ClockMeasured } from '@/protocol/messages'
import type { Result } from '@/protocol/problem'

/** More than the server ever asks for. */
const MOST_ROUNDS = 10

export async function measureClock(
  call: (event: string, body: Record<string, unknown>) => Promise<Result<ClockMeasured>>,
  nowMs: () => number = Date.now,
): Promise<void> {
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const answer = await call('clock:measure', { now_ms: Math.round(nowMs()) })
    if (!answer.ok || !answer.value.again) return
  }
}
