export { default } from './dist/plopfile.js'
