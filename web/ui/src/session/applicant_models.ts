/** Answers of the server under the names that the applicant's pages use. */
export type {
  Detail as MyInspection,
  FindingView as MyFinding,
  MyCase,
  Notice,
  Redeemed,
  CallView as MySession,
} from '@/protocol/messages'
