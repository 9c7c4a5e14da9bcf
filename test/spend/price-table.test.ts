// What every model costs, for every kind of token: 87,654 tokens of it, in nano-dollars.
//
// The figures are no output of the code under test: they were worked out with exact fractions from the US dollars per
// million tokens that the vendors' pages print, such as 87,654 × 6.25 USD ÷ 1,000,000 = 0.5478375 USD.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BUILTIN_MODELS } from '../../app/inference/builtin-models.ts'
import { priced, usageOf } from '../support/prices.ts'

const TOKENS = 87_654

const KINDS = ['input', 'output', 'cache_read', 'cache_write_5m', 'cache_write_1h'] as const

/** A model, and what each of `KINDS` costs. */
type Row = readonly [model: string, amounts: readonly [bigint, bigint, bigint, bigint, bigint]]

function assertCosts(rows: readonly Row[], options: Parameters<typeof priced>[2] = {}, usage = {}): void {
  for (const [model, amounts] of rows) {
    for (const [index, kind] of KINDS.entries()) {
      const { amount, unknown } = priced(model, usageOf({ [kind]: TOKENS }, { ...usage, model }), options)
      assert.deepEqual([amount, unknown], [amounts[index], []], `${model}: ${kind}`)
    }
  }
}

/** At list price, in the order of the table of models. */
const LIST: readonly Row[] = [
  ['claude-opus-4-6', [438_270_000n, 2_191_350_000n, 43_827_000n, 547_837_500n, 876_540_000n]],
  ['claude-sonnet-4-5-20250929', [262_962_000n, 1_314_810_000n, 26_296_200n, 328_702_500n, 525_924_000n]],
  ['claude-haiku-4-5-20251001', [87_654_000n, 438_270_000n, 8_765_400n, 109_567_500n, 175_308_000n]],
  ['claude-fable-5-2', [701_232_000n, 3_506_160_000n, 17_530_800n, 876_540_000n, 1_402_464_000n]],
  ['claude-fable-5-1', [876_540_000n, 4_382_700_000n, 21_913_500n, 1_095_675_000n, 1_753_080_000n]],
  ['claude-fable-5', [876_540_000n, 4_382_700_000n, 87_654_000n, 1_095_675_000n, 1_753_080_000n]],
  ['claude-opus-5-5', [350_616_000n, 1_753_080_000n, 17_530_800n, 438_270_000n, 701_232_000n]],
  ['claude-opus-5', [438_270_000n, 2_191_350_000n, 43_827_000n, 547_837_500n, 876_540_000n]],
  ['claude-opus-4-8', [438_270_000n, 2_191_350_000n, 43_827_000n, 547_837_500n, 876_540_000n]],
  ['claude-opus-4-7', [438_270_000n, 2_191_350_000n, 43_827_000n, 547_837_500n, 876_540_000n]],
  [
    'claude-opus-4-1-20250805',
    [1_314_810_000n, 6_574_050_000n, 131_481_000n, 1_643_512_500n, 2_629_620_000n],
  ],
  ['claude-sonnet-5-5', [175_308_000n, 876_540_000n, 8_765_400n, 219_135_000n, 350_616_000n]],
  ['claude-sonnet-5', [175_308_000n, 876_540_000n, 17_530_800n, 219_135_000n, 350_616_000n]],
  ['claude-sonnet-4-6', [262_962_000n, 1_314_810_000n, 26_296_200n, 328_702_500n, 525_924_000n]],
  ['claude-haiku-5-5', [8_765_400n, 43_827_000n, 876_540n, 10_956_750n, 17_530_800n]],
  ['claude-opus-4-5-20251101', [438_270_000n, 2_191_350_000n, 43_827_000n, 547_837_500n, 876_540_000n]],
  ['claude-3-7-sonnet-20250219', [262_962_000n, 1_314_810_000n, 26_296_200n, 328_702_500n, 525_924_000n]],
  ['claude-3-5-haiku-20241022', [70_123_200n, 350_616_000n, 7_012_320n, 87_654_000n, 140_246_400n]],
  ['claude-mythos-5-2', [701_232_000n, 3_506_160_000n, 17_530_800n, 876_540_000n, 1_402_464_000n]],
  ['claude-mythos-5-1', [876_540_000n, 4_382_700_000n, 21_913_500n, 1_095_675_000n, 1_753_080_000n]],
  ['claude-mythos-5', [876_540_000n, 4_382_700_000n, 87_654_000n, 1_095_675_000n, 1_753_080_000n]],
  ['claude-sonnet-4-20250514', [262_962_000n, 1_314_810_000n, 26_296_200n, 328_702_500n, 525_924_000n]],
  ['claude-opus-4-20250514', [1_314_810_000n, 6_574_050_000n, 131_481_000n, 1_643_512_500n, 2_629_620_000n]],
]

test('at list price every kind of token of every model costs what its page says', () => {
  assert.deepEqual(
    LIST.map(([model]) => model),
    BUILTIN_MODELS.map(({ id }) => id),
  )
  assertCosts(LIST)
})

/** Times 0.853217: most of these have a fraction of a nano-dollar, which is rounded up. */
const REDUCED: readonly Row[] = [
  ['claude-opus-4-6', [373_939_415n, 1_869_697_073n, 37_393_942n, 467_424_269n, 747_878_830n]],
  ['claude-sonnet-4-5-20250929', [224_363_649n, 1_121_818_244n, 22_436_365n, 280_454_561n, 448_727_298n]],
  ['claude-haiku-4-5-20251001', [74_787_883n, 373_939_415n, 7_478_789n, 93_484_854n, 149_575_766n]],
  ['claude-fable-5-2', [598_303_064n, 2_991_515_317n, 14_957_577n, 747_878_830n, 1_196_606_127n]],
  ['claude-fable-5-1', [747_878_830n, 3_739_394_146n, 18_696_971n, 934_848_537n, 1_495_757_659n]],
  ['claude-fable-5', [747_878_830n, 3_739_394_146n, 74_787_883n, 934_848_537n, 1_495_757_659n]],
  ['claude-opus-5-5', [299_151_532n, 1_495_757_659n, 14_957_577n, 373_939_415n, 598_303_064n]],
  ['claude-opus-5', [373_939_415n, 1_869_697_073n, 37_393_942n, 467_424_269n, 747_878_830n]],
  ['claude-opus-4-8', [373_939_415n, 1_869_697_073n, 37_393_942n, 467_424_269n, 747_878_830n]],
  ['claude-opus-4-7', [373_939_415n, 1_869_697_073n, 37_393_942n, 467_424_269n, 747_878_830n]],
  [
    'claude-opus-4-1-20250805',
    [1_121_818_244n, 5_609_091_219n, 112_181_825n, 1_402_272_805n, 2_243_636_488n],
  ],
  ['claude-sonnet-5-5', [149_575_766n, 747_878_830n, 7_478_789n, 186_969_708n, 299_151_532n]],
  ['claude-sonnet-5', [149_575_766n, 747_878_830n, 14_957_577n, 186_969_708n, 299_151_532n]],
  ['claude-sonnet-4-6', [224_363_649n, 1_121_818_244n, 22_436_365n, 280_454_561n, 448_727_298n]],
  ['claude-haiku-5-5', [7_478_789n, 37_393_942n, 747_879n, 9_348_486n, 14_957_577n]],
  ['claude-opus-4-5-20251101', [373_939_415n, 1_869_697_073n, 37_393_942n, 467_424_269n, 747_878_830n]],
  ['claude-3-7-sonnet-20250219', [224_363_649n, 1_121_818_244n, 22_436_365n, 280_454_561n, 448_727_298n]],
  ['claude-3-5-haiku-20241022', [59_830_307n, 299_151_532n, 5_983_031n, 74_787_883n, 119_660_613n]],
  ['claude-mythos-5-2', [598_303_064n, 2_991_515_317n, 14_957_577n, 747_878_830n, 1_196_606_127n]],
  ['claude-mythos-5-1', [747_878_830n, 3_739_394_146n, 18_696_971n, 934_848_537n, 1_495_757_659n]],
  ['claude-mythos-5', [747_878_830n, 3_739_394_146n, 74_787_883n, 934_848_537n, 1_495_757_659n]],
  ['claude-sonnet-4-20250514', [224_363_649n, 1_121_818_244n, 22_436_365n, 280_454_561n, 448_727_298n]],
  ['claude-opus-4-20250514', [1_121_818_244n, 5_609_091_219n, 112_181_825n, 1_402_272_805n, 2_243_636_488n]],
]

test('a multiplier of six places is applied exactly, and what is left is rounded up', () => {
  assertCosts(REDUCED, { pricing: { multiplier: '0.853217', overrides: [] } })
})

const FAST: readonly Row[] = [
  ['claude-fable-5-2', [1_402_464_000n, 7_012_320_000n, 35_061_600n, 1_753_080_000n, 2_804_928_000n]],
  ['claude-opus-5-5', [701_232_000n, 3_506_160_000n, 35_061_600n, 876_540_000n, 1_402_464_000n]],
  ['claude-opus-5', [876_540_000n, 4_382_700_000n, 87_654_000n, 1_095_675_000n, 1_753_080_000n]],
  ['claude-opus-4-8', [876_540_000n, 4_382_700_000n, 87_654_000n, 1_095_675_000n, 1_753_080_000n]],
]

test('fast speed has rates of its own where it is offered, and the standard ones elsewhere', () => {
  const fast = new Set(FAST.map(([model]) => model))
  assertCosts([...FAST, ...LIST.filter(([model]) => !fast.has(model))], {}, { speed: 'fast' })
  assertCosts(LIST, {}, { speed: 'standard' })
})

/** Times 1.1 where the page says so. */
const IN_THE_US: readonly Row[] = [
  ['claude-opus-4-6', [482_097_000n, 2_410_485_000n, 48_209_700n, 602_621_250n, 964_194_000n]],
  ['claude-sonnet-4-5-20250929', [262_962_000n, 1_314_810_000n, 26_296_200n, 328_702_500n, 525_924_000n]],
  ['claude-haiku-4-5-20251001', [87_654_000n, 438_270_000n, 8_765_400n, 109_567_500n, 175_308_000n]],
  ['claude-fable-5-2', [771_355_200n, 3_856_776_000n, 19_283_880n, 964_194_000n, 1_542_710_400n]],
  ['claude-fable-5-1', [964_194_000n, 4_820_970_000n, 24_104_850n, 1_205_242_500n, 1_928_388_000n]],
  ['claude-fable-5', [964_194_000n, 4_820_970_000n, 96_419_400n, 1_205_242_500n, 1_928_388_000n]],
  ['claude-opus-5-5', [385_677_600n, 1_928_388_000n, 19_283_880n, 482_097_000n, 771_355_200n]],
  ['claude-opus-5', [482_097_000n, 2_410_485_000n, 48_209_700n, 602_621_250n, 964_194_000n]],
  ['claude-opus-4-8', [482_097_000n, 2_410_485_000n, 48_209_700n, 602_621_250n, 964_194_000n]],
  ['claude-opus-4-7', [482_097_000n, 2_410_485_000n, 48_209_700n, 602_621_250n, 964_194_000n]],
  [
    'claude-opus-4-1-20250805',
    [1_314_810_000n, 6_574_050_000n, 131_481_000n, 1_643_512_500n, 2_629_620_000n],
  ],
  ['claude-sonnet-5-5', [192_838_800n, 964_194_000n, 9_641_940n, 241_048_500n, 385_677_600n]],
  ['claude-sonnet-5', [192_838_800n, 964_194_000n, 19_283_880n, 241_048_500n, 385_677_600n]],
  ['claude-sonnet-4-6', [289_258_200n, 1_446_291_000n, 28_925_820n, 361_572_750n, 578_516_400n]],
  ['claude-haiku-5-5', [9_641_940n, 48_209_700n, 964_194n, 12_052_425n, 19_283_880n]],
  ['claude-opus-4-5-20251101', [438_270_000n, 2_191_350_000n, 43_827_000n, 547_837_500n, 876_540_000n]],
  ['claude-3-7-sonnet-20250219', [262_962_000n, 1_314_810_000n, 26_296_200n, 328_702_500n, 525_924_000n]],
  ['claude-3-5-haiku-20241022', [70_123_200n, 350_616_000n, 7_012_320n, 87_654_000n, 140_246_400n]],
  ['claude-mythos-5-2', [771_355_200n, 3_856_776_000n, 19_283_880n, 964_194_000n, 1_542_710_400n]],
  ['claude-mythos-5-1', [964_194_000n, 4_820_970_000n, 24_104_850n, 1_205_242_500n, 1_928_388_000n]],
  ['claude-mythos-5', [964_194_000n, 4_820_970_000n, 96_419_400n, 1_205_242_500n, 1_928_388_000n]],
  ['claude-sonnet-4-20250514', [262_962_000n, 1_314_810_000n, 26_296_200n, 328_702_500n, 525_924_000n]],
  ['claude-opus-4-20250514', [1_314_810_000n, 6_574_050_000n, 131_481_000n, 1_643_512_500n, 2_629_620_000n]],
]

test('inference that was kept in the US costs a tenth more where the page says so', () => {
  assertCosts(IN_THE_US, {}, { inference_geo: 'us' })
  assertCosts(LIST, {}, { inference_geo: 'global' })
})

/** Times 1.1 where the page says so. */
const REGIONAL: readonly Row[] = [
  ['claude-opus-4-6', [482_097_000n, 2_410_485_000n, 48_209_700n, 602_621_250n, 964_194_000n]],
  ['claude-sonnet-4-5-20250929', [289_258_200n, 1_446_291_000n, 28_925_820n, 361_572_750n, 578_516_400n]],
  ['claude-haiku-4-5-20251001', [96_419_400n, 482_097_000n, 9_641_940n, 120_524_250n, 192_838_800n]],
  ['claude-fable-5-2', [771_355_200n, 3_856_776_000n, 19_283_880n, 964_194_000n, 1_542_710_400n]],
  ['claude-fable-5-1', [964_194_000n, 4_820_970_000n, 24_104_850n, 1_205_242_500n, 1_928_388_000n]],
  ['claude-fable-5', [964_194_000n, 4_820_970_000n, 96_419_400n, 1_205_242_500n, 1_928_388_000n]],
  ['claude-opus-5-5', [385_677_600n, 1_928_388_000n, 19_283_880n, 482_097_000n, 771_355_200n]],
  ['claude-opus-5', [482_097_000n, 2_410_485_000n, 48_209_700n, 602_621_250n, 964_194_000n]],
  ['claude-opus-4-8', [482_097_000n, 2_410_485_000n, 48_209_700n, 602_621_250n, 964_194_000n]],
  ['claude-opus-4-7', [482_097_000n, 2_410_485_000n, 48_209_700n, 602_621_250n, 964_194_000n]],
  [
    'claude-opus-4-1-20250805',
    [1_314_810_000n, 6_574_050_000n, 131_481_000n, 1_643_512_500n, 2_629_620_000n],
  ],
  ['claude-sonnet-5-5', [192_838_800n, 964_194_000n, 9_641_940n, 241_048_500n, 385_677_600n]],
  ['claude-sonnet-5', [192_838_800n, 964_194_000n, 19_283_880n, 241_048_500n, 385_677_600n]],
  ['claude-sonnet-4-6', [289_258_200n, 1_446_291_000n, 28_925_820n, 361_572_750n, 578_516_400n]],
  ['claude-haiku-5-5', [9_641_940n, 48_209_700n, 964_194n, 12_052_425n, 19_283_880n]],
  ['claude-opus-4-5-20251101', [482_097_000n, 2_410_485_000n, 48_209_700n, 602_621_250n, 964_194_000n]],
  ['claude-3-7-sonnet-20250219', [262_962_000n, 1_314_810_000n, 26_296_200n, 328_702_500n, 525_924_000n]],
  ['claude-3-5-haiku-20241022', [70_123_200n, 350_616_000n, 7_012_320n, 87_654_000n, 140_246_400n]],
  ['claude-mythos-5-2', [771_355_200n, 3_856_776_000n, 19_283_880n, 964_194_000n, 1_542_710_400n]],
  ['claude-mythos-5-1', [964_194_000n, 4_820_970_000n, 24_104_850n, 1_205_242_500n, 1_928_388_000n]],
  ['claude-mythos-5', [964_194_000n, 4_820_970_000n, 96_419_400n, 1_205_242_500n, 1_928_388_000n]],
  ['claude-sonnet-4-20250514', [262_962_000n, 1_314_810_000n, 26_296_200n, 328_702_500n, 525_924_000n]],
  ['claude-opus-4-20250514', [1_314_810_000n, 6_574_050_000n, 131_481_000n, 1_643_512_500n, 2_629_620_000n]],
]

test('regional endpoints of clouds cost a tenth more, but only with regional_premium', () => {
  assertCosts(REGIONAL, { upstream: 'vertex-belgium', regionalPremium: true })
  assertCosts(LIST, { upstream: 'vertex-belgium' })
  assertCosts(LIST, { upstream: 'vertex-anywhere', regionalPremium: true })
  assertCosts(LIST, { upstream: 'main', regionalPremium: true })
})
