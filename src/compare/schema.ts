/**
 * report.json: what a comparison measured, every raw sample of it. Medians, verdict and charts are
 * computed from it, and `fairway compare --diff` reads two of them.
 */
import { z } from 'zod';
import { measuredSchema } from './load/result.ts';

const id = z.string().regex(/^[\w.-]{1,63}$/);
const index = z.number().int().min(0);

const aboutSchema = z.strictObject({
  date: z.string().describe('When it began, ISO 8601'),
  command: z.string().describe('How it was called'),
  where: z
    .enum(['namespaces', 'emulated', 'cluster'])
    .describe(
      'One machine, one machine in an emulated one whose speeds mean nothing, or a real cluster',
    ),
  kernel: z.string(),
  cores: z.number(),
  cpu: z.string(),
  gigabytes: z.number(),
  versions: z.record(z.string(), z.string()).describe('Of fairway, Node and the programs it runs'),
  notes: z.array(z.string()).describe('What a reader must know to judge the figures'),
});

const subjectSchema = z.strictObject({
  id,
  title: z.string(),
  isBaseline: z.boolean().describe('Straight to the pods, with no Service between'),
});

const effortSchema = z.strictObject({
  rounds: z.number().int().describe('How often each was measured, all in turn in each round'),
  seconds: z.number().describe('How long each load took'),
  sizes: z.array(z.number().int()).describe('How many other Services there were'),
  kinds: z.array(z.string()),
  changes: z.number().int(),
  failureRounds: z.number().int(),
  slowness: z
    .number()
    .min(1)
    .default(1)
    .describe(
      'Whatever has a pace or a limit in time was so many times slower, for an emulated machine',
    ),
});

const agentCpuSchema = z.strictObject({
  agent: z.number().describe('Seconds of the agents on all nodes'),
  tools: z.number().describe('Seconds of the programs that they ran'),
});

/** Where a measurement belongs; ids are those of `subjects` and `paths`. */
const where = { subject: id, size: index, round: index };

const measurementSchema = z.strictObject({
  ...where,
  path: id,
  ...measuredSchema.shape,
  agentCpu: agentCpuSchema,
});

const FIGURES = ['start', 'change', 'memory', 'rules', 'objects'] as const;
const figureSchema = z.strictObject({
  ...where,
  name: z
    .enum(FIGURES)
    .describe(
      'start, change: milliseconds; memory: millions of bytes for each agent; rules, objects: on one node',
    ),
  value: z.number(),
});

const checkSchema = z.strictObject({
  ...where,
  path: id,
  check: z
    .enum(['spread', 'affinity'])
    .describe(
      'Connections to a Service with endpoints on both nodes, without and with session affinity',
    ),
  ...measuredSchema.shape,
});

const failureSchema = z.strictObject({
  subject: id,
  round: index,
  path: id,
  fault: id,
  struckAtMs: z.number().describe('After the start of the load'),
  noticedAtMs: z.number().describe('When the control plane took the endpoint away'),
  ...measuredSchema.shape,
});

const named = z.strictObject({ id, title: z.string() });

const comparisonSchema = z.strictObject({
  about: aboutSchema,
  effort: effortSchema,
  subjects: z.array(subjectSchema),
  absent: z.array(z.strictObject({ id, reason: z.string() })),
  paths: z.array(named),
  faults: z.array(named),
  measurements: z.array(measurementSchema),
  figures: z.array(figureSchema),
  checks: z.array(checkSchema),
  failures: z.array(failureSchema),
});

export const reportSchema = z.strictObject({
  format: z.literal('fairway-compare-1'),
  comparisons: z.array(comparisonSchema).min(1),
});

export type Report = z.infer<typeof reportSchema>;
export type Comparison = z.infer<typeof comparisonSchema>;
export type About = Comparison['about'];
export type Effort = Comparison['effort'];
export type Subject = Comparison['subjects'][number];
export type Measurement = Comparison['measurements'][number];
export type Figure = Comparison['figures'][number];
export type FigureName = Figure['name'];
export type Check = Comparison['checks'][number];
export type FailureRun = Comparison['failures'][number];
export type AgentCpu = Measurement['agentCpu'];
