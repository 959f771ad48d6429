/**
 * What may stand in a scenario's flows.yaml. A scenario is a folder: objects.yaml holds what the
 * agent is given, flows.yaml what clients send and what must come of it.
 */
import { z } from 'zod';
import { MODES } from '../../../src/backends/backend.ts';

const protocol = z.enum(['TCP', 'UDP']);

function oneOrMore<T extends z.ZodType>(schema: T) {
  return z.union([schema.transform((one) => [one]), z.array(schema).min(1)]);
}

const text = z.string().min(1);

const expectation = z.union([z.literal(['reject', 'drop']), z.array(text).min(1)]);

export const flowSchema = z
  .strictObject({
    from: oneOrMore(text).describe('members of the lab that send'),
    to: oneOrMore(text).describe('address:port; an address may be a name, see addresses.ts'),
    protocol: oneOrMore(protocol).default(['TCP']),
    expect: expectation.describe(
      'reject, drop, or who answers: each of them at least once, and nobody else',
    ),
    expectIn: z
      .partialRecord(z.enum(MODES), expectation)
      .default({})
      .describe('what a mode does instead, where it cannot do the same'),
    source: text.optional().describe('the member whose address the server must see'),
    sourceIn: z
      .partialRecord(z.enum(MODES), text)
      .default({})
      .describe('whose address it sees in a mode, where that cannot be the same'),
    sticky: z.literal(true).optional().describe('all tries of one client reach the same server'),
    clients: z.int().positive().optional().describe('that many source addresses of the client'),
    sourceAddress: text.optional().describe('send from this address'),
    sourcePort: z.int().positive().optional().describe('send from this port: one UDP flow'),
    remember: text.optional().describe('a name for who answered which client'),
    sameAs: text.optional().describe('each client is answered as remembered under this name'),
    unlike: text.optional().describe('some client is answered differently than remembered'),
  })
  .refine((flow) => typeof flow.expect !== 'string' || flow.source === undefined, {
    message: 'a flow that nobody answers has no source to see',
    path: ['source'],
  });

const flows = z.array(flowSchema).default([]);
const commands = z.array(text).default([]);

const keeps = z
  .array(text)
  .default([])
  .describe('lines that iptables-save and ip6tables-save of node1 must show together');

const stepSchema = z.strictObject({
  step: z
    .string()
    .regex(/^[a-z0-9-]+$/)
    .describe('objects.<step>.yaml replaces the objects, where it exists'),
  commands: commands.describe('run on node1 first'),
  pauseSeconds: z.number().positive().optional().describe('for what only time brings'),
  repairSeconds: z
    .number()
    .positive()
    .optional()
    .describe(
      'at most, until the agent has seen what others changed; longer where everything is slower',
    ),
  restart: z.literal(true).optional().describe('stop the agent and start it again'),
  flows,
  keeps,
});

export const scenarioSchema = z.strictObject({
  describe: text.describe('one sentence: what the user sees'),
  flags: z.array(text).optional().describe('for the agent, in place of --cluster-cidr'),
  freshAgent: z.literal(true).optional().describe('the objects are there when the agent starts'),
  skipTraffic: text.optional().describe('why no packets can be sent'),
  notIn: z
    .partialRecord(z.enum(MODES), text)
    .default({})
    .describe('modes that cannot do it, and why'),
  addresses: z.record(z.string(), text).default({}).describe('names that flows may use'),
  before: commands.describe('run on node1 before the objects are there'),
  after: commands.describe('run on node1 at the end, whatever happened'),
  flows,
  keeps,
  then: z.array(stepSchema).default([]),
});

export type Flow = z.infer<typeof flowSchema>;
