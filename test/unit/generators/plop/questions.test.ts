import { expect, it } from 'vitest'
import { checkedAnswers } from '../../../../generators/plop/questions.js'

it.each(['constructor', '__proto__'])('refuses an answer with the name of a property of every object: %s', (name) => {
  const given = JSON.parse(`{ "${name}": "x" }`)
  expect(() => checkedAnswers(given, { target: { message: '', help: '' } }, '/app')).toThrow(/^unknown answer "/)
})
